"""A command of one's own."""

import argparse

SUMMARY = "say a word"


def make_parser():
    parser = argparse.ArgumentParser("reviewlens toy")
    parser.add_argument("word")
    return parser


def execute(arguments):
    print(arguments.word)
    return 0
