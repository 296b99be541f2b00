-- What scheduled tasks started is looked through for its end at every look: ends are noted when they
-- come, so that nothing is read of what still runs. `open` is 1 while it runs, 2 when it has ended and
-- somebody still has to see to it, 0 when somebody has.
UPDATE scheduled_run SET open = 2 WHERE open = 1
    AND NOT EXISTS (SELECT 1 FROM scan WHERE scan.reference = scheduled_run.reference
                    AND status IN ('QUEUED', 'RUNNING', 'CANCELLING'))
    AND NOT EXISTS (SELECT 1 FROM map WHERE map.reference = scheduled_run.reference
                    AND status IN ('QUEUED', 'RUNNING', 'CANCELLING'));

CREATE INDEX scheduled_run_by_reference ON scheduled_run (reference);
