"""Requests to addresses that users name: only to where everybody on the internet may go."""
