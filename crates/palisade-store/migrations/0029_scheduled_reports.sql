-- What a task of the kind 'report' asks for, as JSON; NULL for tasks that scan or map.
ALTER TABLE scheduled_task ADD COLUMN report TEXT;
