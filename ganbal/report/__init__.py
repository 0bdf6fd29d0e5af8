"""Pages and figures made from the files of a run."""
