"""The task `question-answering`: the part of a text that answers a question, if there is one."""
