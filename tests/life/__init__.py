"""Whole journeys over the real thing: every process, both servers, HTTP and browsers."""
