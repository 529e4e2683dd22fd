"""An issuer of tokens as Entra is one: it has a name for each tenant, and publishes its keys."""

import http.server
import json
import threading
import time

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

AUDIENCE = "api://muster"
# The role that Entra calls Global Administrator.
GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
NAME = "https://issuer.test/{tenantid}/v2.0"


class Signer:
    """Somebody who has a private key."""

    def __init__(self, id):
        self.id = id
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def public(self):
        key = jwt.algorithms.RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return key | {"kid": self.id, "use": "sig", "issuer": NAME}

    def token(self, tenant, **claims):
        """A token of a tenant for an hour; a claim that is None is left out."""
        now = int(time.time())
        claims = {"iss": NAME.replace("{tenantid}", tenant), "aud": AUDIENCE, "tid": tenant, "oid": "ada", "sub": "pairwise",
                  "iat": now, "nbf": now, "exp": now + 3600} | claims
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(claims, self.key, algorithm="RS256", headers={"kid": self.id})


class Issuer(Signer):
    """An issuer, and the server of its keys: `context` is how it speaks TLS, where it does."""

    def __init__(self, context=None):
        super().__init__("key-1")
        self.asked = 0
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.asked += 1
                document = json.dumps({"keys": [issuer.public()]}).encode()
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(document)))
                self.end_headers()
                self.wfile.write(document)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.handle_error = lambda *_: None
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.keys = f"{'https' if context else 'http'}://127.0.0.1:{self.server.server_port}/keys"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
