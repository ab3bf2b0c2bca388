# One image for every process of ours; what it does is its command.

FROM python:3.11-slim-bookworm AS packages
RUN python -m venv /opt/venv
COPY requirements.lock /tmp/requirements.lock
RUN /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r /tmp/requirements.lock

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /app shoebox \
    && install -d -o shoebox -g shoebox /var/lib/shoebox
COPY --from=packages /opt/venv /opt/venv
COPY manage.py /app/
COPY config /app/config
COPY webapp /app/webapp
COPY workers /app/workers
WORKDIR /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONPATH=/app \
    PYTHONUNBUFFERED=1
USER shoebox
# Uploads in transit, and the last good topology and deletion journal.
VOLUME /var/lib/shoebox
EXPOSE 8000 8001
CMD ["python", "manage.py", "doctor"]
