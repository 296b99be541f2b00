-- Runs that are to be paused or resumed are looked for at every look at scheduled tasks: nothing is read of
-- those that only run.
CREATE INDEX scheduled_run_by_turn ON scheduled_run (open) WHERE pause_at IS NOT NULL OR resume_at IS NOT NULL;
