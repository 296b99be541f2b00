-- Reports of the activity log cover a time.
CREATE INDEX activity_log_by_time ON activity_log (at, id);
