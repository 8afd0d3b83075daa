"""Conversations with a real server, recorded and played again: whole, in pieces, cut off, or spoiled."""
