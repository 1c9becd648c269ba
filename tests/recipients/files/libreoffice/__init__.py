"""Files that LibreOffice itself wrote, and the script that has it write them; the tests need no LibreOffice."""
