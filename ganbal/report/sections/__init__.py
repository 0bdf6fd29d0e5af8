"""The report's sections, one file each: the files of a run in, blocks of a page out."""
