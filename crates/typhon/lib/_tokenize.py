"""The tokenizer that tokenize.py expects natively (overlay): not there yet."""


class TokenizerIter:
    def __init__(self, readline, /, *, encoding=None, extra_tokens=False):
        raise NotImplementedError("tokenize is not implemented yet")

    def __iter__(self):
        return self

    def __next__(self):
        raise StopIteration
