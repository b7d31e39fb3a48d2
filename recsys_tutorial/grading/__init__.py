"""Marks for a class: ``recsys-tutorial grade SUBMISSIONS --out REPORT``.

A learner's notebook is somebody else's program.  It runs in a process of its own, behind a fence,
and never says whether an answer is right: the process hands over bare values, and the checks of
`recsys_tutorial.exercises` judge them here, outside.  What can be forged is therefore an answer,
and a forged answer is just another answer.

`collecting` finds the notebooks, `slicing` finds what each answer needs, `child` runs it behind
`fence`, `session` talks to it in the words of `wire`, `marking` judges, `reporting` writes.

Nothing is imported here, because the child must be able to enter this room without the answers.
"""
