"""OVER HTTP: tags and git-ai's notes, from editors and agents to the log. Loopback by default.

limits     what is too much            bodies   as they come in, none too large or too slow
strict     JSON from strangers         token    who may ask
tags       POST /v1/tags               notes    /worker/notes/upload, /worker/notes/
requests   idempotency keys            desk     the one thread that writes, the one that reads
app        routes and answers (ASGI)   server   the socket, and uvicorn
"""
