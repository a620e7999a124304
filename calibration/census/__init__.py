"""What two censuses give: single years of age, life table, fertility, migration schedules, start populations."""
