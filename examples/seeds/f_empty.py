"""Listing 3's first function: nothing. It shows what a call, a thread and a
process cost by themselves."""


def function_to_run():
    pass
