"""Operators' own documents: from a file to clean passages, ready to be embedded."""

from knowledge.documents.document import documents_in, open_document
from knowledge.documents.model import Block, Document, Piece, Tidied
from knowledge.documents.read import read
from knowledge.documents.split import split
from knowledge.documents.tidy import tidy

__all__ = ["Block", "Document", "Piece", "Tidied", "documents_in", "open_document", "read", "split", "tidy"]
