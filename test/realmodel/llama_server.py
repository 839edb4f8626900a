"""Runs llama.cpp's own HTTP server on a GGUF file, until it is interrupted.

    llama_server.py PACKAGES MODEL ALIAS PORT

PACKAGES is where `pip install --target` put requirements.txt. The server is
llama.cpp's C++ code; Python only starts it.
"""
import signal
import sys

packages, model, alias, port = sys.argv[1:]
sys.path.insert(0, packages)

import xllamacpp  # noqa: E402

params = xllamacpp.CommonParams()
params.model.path = model
params.model_alias = {alias}
params.hostnames, params.port = ["127.0.0.1"], int(port)
params.n_ctx, params.n_parallel = 4096, 2
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1  # two servers share a small machine
params.endpoint_metrics = True  # its own count of tokens, to check Weir's against
params.verbosity = 0

wanted = {signal.SIGINT, signal.SIGTERM}
signal.pthread_sigmask(signal.SIG_BLOCK, wanted)
server = xllamacpp.Server(params)
print(f"llama.cpp listens on {server.listening_address}", flush=True)
signal.sigwait(wanted)
