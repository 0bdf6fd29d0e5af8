"""The Python API: functions that do what the commands do, with the same engine and the same run folders."""
