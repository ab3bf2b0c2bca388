"""Resumable uploads: tus 1.0.0 at ``/api/v1/tus/``.

All state is files below the spool, so any write process goes on where another ended.
"""
