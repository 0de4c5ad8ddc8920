# syntax=docker/dockerfile:1
# The images of compose.yaml, one target each: api, grpc, prepare, site. infra/containers/requirements/ pins what each
# installs. A test starts each with nothing but that and the files copied here.

FROM python:3.12-slim-trixie AS python
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    OPENBLAS_NUM_THREADS=1
WORKDIR /scrawl

# Packages are installed in stages of their own, which keeps pip's leftovers out of the images, and one stage per image,
# so that no image waits for another. Only wheels: nothing is compiled, and no package's own script runs.
FROM python AS packages
ENV PIP_ONLY_BINARY=:all: PIP_REQUIRE_HASHES=1 PIP_NO_DEPS=1
COPY infra/package/slim.py infra/package/slim_botocore.py infra/package/

FROM packages AS api-packages
COPY infra/containers/requirements/api.txt requirements.txt
RUN pip install --target /packages -r requirements.txt && python -m infra.package.slim /packages

FROM packages AS grpc-packages
COPY infra/containers/requirements/grpc.txt requirements.txt
RUN pip install --target /packages -r requirements.txt && python -m infra.package.slim /packages

FROM packages AS prepare-packages
COPY infra/containers/requirements/prepare.txt requirements.txt
RUN pip install --target /packages -r requirements.txt && python -m infra.package.slim /packages

FROM packages AS site-packages
COPY infra/containers/requirements/site.txt requirements.txt
RUN pip install --target /packages -r requirements.txt

# The base of all that runs Python: not root, and nothing to write to.
FROM python AS runtime
RUN useradd --system --uid 10001 --no-create-home scrawl
ENV PYTHONPATH=/packages HOME=/tmp
USER 10001

FROM runtime AS api
COPY --from=api-packages /packages /packages
COPY functions functions
COPY infra infra
EXPOSE 8000
HEALTHCHECK --interval=5s --timeout=6s --start-period=60s \
    CMD ["python", "-m", "infra.containers.health", "http://127.0.0.1:8000/api/v2/health/ready"]
CMD ["python", "-m", "gunicorn", "--config", "python:infra.containers.gunicorn_conf"]

FROM runtime AS grpc
COPY --from=grpc-packages /packages /packages
COPY functions functions
COPY infra infra
EXPOSE 50051
HEALTHCHECK --interval=5s --timeout=6s --start-period=60s \
    CMD ["python", "-m", "infra.containers.health", "grpc://127.0.0.1:50051"]
CMD ["python", "-m", "infra.containers.serve_grpc"]

# Runs once, before the others: fills the store.
FROM runtime AS prepare
COPY --from=prepare-packages /packages /packages
COPY functions functions
COPY model_export model_export
COPY infra infra
CMD ["python", "-m", "infra.containers.prepare"]

FROM python AS site-build
ENV PYTHONPATH=/packages
COPY --from=site-packages /packages /packages
COPY functions functions
COPY model_export model_export
COPY infra infra
COPY site site
RUN python -m infra.containers.build_page /built

FROM nginx:1.30-alpine-slim AS site
COPY infra/containers/nginx.conf infra/containers/site.sh /etc/scrawl/
COPY --from=site-build /built /etc/scrawl
USER 101
EXPOSE 8080
HEALTHCHECK --interval=5s --timeout=6s --start-period=10s \
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"]
ENTRYPOINT []
CMD ["sh", "/etc/scrawl/site.sh"]
