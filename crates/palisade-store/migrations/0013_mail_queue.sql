-- Mails on their way to the mail server.
CREATE TABLE mail (
    id {counted key},
    recipient TEXT NOT NULL,
    -- The whole mail, encrypted: it may hold a password.
    sealed TEXT NOT NULL,
    queued_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    -- Nobody tries before; whoever tries moves it on first.
    next_at BIGINT NOT NULL
);

CREATE INDEX mail_by_next ON mail (next_at);
