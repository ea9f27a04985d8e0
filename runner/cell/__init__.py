"""The measured side: a specification in, a raw trace out.

Standard library only, CPython >= 3.9, with or without the GIL. It is started by path in the interpreter to be
measured, which needs nothing installed, and imports nothing from the rest of the project.
"""
