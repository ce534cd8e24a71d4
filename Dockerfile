# The program with everything that it needs, the default model included, for an ordinary user without privileges.
# One image for every part of a fleet: `serve`, `api`, `worker`, `migrate` are its commands.

ARG PYTHON=3.12

FROM python:${PYTHON}-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /source
RUN python -m venv /opt/build && python -m venv /opt/callscribe
# The libraries first: they are the larger part, and change less often than the program.
COPY deploy/build.lock deploy/requirements.lock deploy/
RUN /opt/build/bin/pip install --require-hashes --no-deps --only-binary :all: --requirement deploy/build.lock \
    && /opt/callscribe/bin/pip install --require-hashes --no-deps --only-binary :all: --requirement deploy/requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
# Nothing may be missing but openvino-telemetry, which is left out since it reports.
RUN /opt/build/bin/python -m hatchling build --target wheel --directory /opt/wheel \
    && /opt/callscribe/bin/pip install --no-deps --no-index /opt/wheel/*.whl \
    && ! /opt/callscribe/bin/pip check | grep --invert-match --regexp '^No broken' --regexp 'requires openvino-telemetry,' \
    && /opt/callscribe/bin/callscribe --version

FROM python:${PYTHON}-slim
RUN groupadd --system --gid 10001 callscribe \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/callscribe --shell /usr/sbin/nologin \
        callscribe \
    && install --directory --owner 10001 --group 10001 --mode 0700 /var/lib/callscribe
COPY --from=build /opt/callscribe /opt/callscribe
ENV PATH=/opt/callscribe/bin:$PATH \
    HOME=/var/lib/callscribe \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CALLSCRIBE_DATA_DIR=/var/lib/callscribe \
    CALLSCRIBE_PLAIN_HTTP=allow
# A container listens on all its addresses: publish the port on loopback, or put a proxy with TLS in front.
USER 10001:10001
WORKDIR /var/lib/callscribe
# Database and blobs of `serve`; for `api` and `worker` the spool and models, which can be made again.
VOLUME /var/lib/callscribe
EXPOSE 8321
# `api` and `serve` listen there; a worker does where CALLSCRIBE_WORKER_LISTEN says so.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8321/healthz', timeout=4)"]
ENTRYPOINT ["callscribe"]
CMD ["serve", "--host", "0.0.0.0"]
