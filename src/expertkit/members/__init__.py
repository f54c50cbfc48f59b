"""Members of packages in any form: their names, what none of them may be, and what was found in one."""
