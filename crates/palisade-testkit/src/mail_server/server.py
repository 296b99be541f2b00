"""An SMTP server that keeps mails as files, for tests.

    server.py FOLDER SECURITY PORT LOGIN PASSWORD

SECURITY is none, starttls or tls; FOLDER holds certificate.pem and key.pem for the latter two. With
an empty LOGIN nobody has to log in. The port (0: any) is written to FOLDER/port. While FOLDER/refuse
exists, mails are put off with a 451.
"""

import asyncio
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

folder = pathlib.Path(sys.argv[1])
security, port, login, password = sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]


class Keep:
    async def handle_DATA(self, server, session, envelope):
        if (folder / "refuse").exists():
            return "451 come back later"
        name = f"{len(list(folder.glob('*.eml'))):04}"
        head = f"X-Envelope: {envelope.mail_from} {','.join(envelope.rcpt_tos)}\r\n".encode()
        (folder / f"{name}.new").write_bytes(head + envelope.original_content)
        (folder / f"{name}.new").rename(folder / f"{name}.eml")
        return "250 kept"


def authenticate(server, session, envelope, mechanism, given):
    right = (given.login.decode(), given.password.decode()) == (login, password)
    return AuthResult(success=right, handled=False)


async def main():
    context = None
    if security != "none":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")

    def conversation():
        return SMTP(
            Keep(),
            hostname="mail.scans.example",
            tls_context=context if security == "starttls" else None,
            require_starttls=security == "starttls",
            authenticator=authenticate if login else None,
            auth_required=bool(login),
            auth_require_tls=security == "starttls",
        )

    wrapper = context if security == "tls" else None
    server = await asyncio.get_running_loop().create_server(conversation, "127.0.0.1", port, ssl=wrapper)
    (folder / "port.new").write_text(str(server.sockets[0].getsockname()[1]))
    (folder / "port.new").rename(folder / "port")
    await server.serve_forever()


asyncio.run(main())
