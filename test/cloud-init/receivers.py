"""Those whom an Alertmanager talks to, for alertmanager.test.ts: a mail server over TLS that wants a password, a webhook,
and a Prometheus that says which rules there are (/tmp/rules.json). What arrives is a line of JSON each on standard output."""

import base64
import email
import email.policy
import http.server
import json
import socketserver
import ssl
import threading


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        names = [alert["labels"]["alertname"] for alert in message["alerts"]]
        print(json.dumps({"by": "webhook", "status": message["status"], "names": names, "path": self.path}), flush=True)
        self.send_response(200)
        self.end_headers()

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        with open("/tmp/rules.json", "rb") as rules:
            self.wfile.write(rules.read())

    def log_message(self, *_):
        pass


class Mail(socketserver.StreamRequestHandler):
    """RFC 5321 and RFC 4954, as far as a client that does nothing wrong needs them."""

    def say(self, line):
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self):
        self.say("220 mail")
        credentials, recipients = "", []
        for line in self.rfile:
            command = line.decode().strip()
            verb = command.upper()
            if verb.startswith("EHLO"):
                self.say("250-mail")
                self.say("250 AUTH PLAIN")
            elif verb.startswith("AUTH PLAIN "):
                credentials = base64.b64decode(command.split(" ")[2]).decode().strip("\0").replace("\0", " ")
                self.say("235 welcome")
            elif verb.startswith("RCPT TO:"):
                recipients.append(command[8:].strip("<>"))
                self.say("250 ok")
            elif verb == "DATA":
                self.say("354 go on")
                lines = []
                while (text := self.rfile.readline()).rstrip(b"\r\n") != b".":
                    lines.append(text)
                message = email.message_from_bytes(b"".join(lines), policy=email.policy.default)
                told = {"credentials": credentials, "recipients": recipients}
                print(json.dumps({"by": "mail", "subject": message["subject"], "from": message["from"], **told}), flush=True)
                self.say("250 ok")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 ok")


class Mails(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True


mails = Mails(("127.0.0.1", 465), Mail)
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain("/tmp/mail.pem")
mails.socket = context.wrap_socket(mails.socket, server_side=True)
threading.Thread(target=mails.serve_forever, daemon=True).start()
for port in (9090, 9999):
    server = http.server.ThreadingHTTPServer(("172.30.0.12", port), Hook)
    threading.Thread(target=server.serve_forever, daemon=port != 9999).start()
