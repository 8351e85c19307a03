"""Just enough of libpq to ask whether a server answers and to run a file of SQL: the Postgres package has no psql."""

import ctypes

from fetch import TOOLS, Problem

CONNECTION_OK, COMMAND_OK, TUPLES_OK = 0, 1, 2


def library():
    pq = ctypes.CDLL(str(TOOLS / "pg/native/lib/libpq.so.5"))
    for name in ("PQconnectdb", "PQexec"):
        getattr(pq, name).restype = ctypes.c_void_p
    pq.PQerrorMessage.restype = ctypes.c_char_p
    for name in ("PQstatus", "PQfinish", "PQerrorMessage", "PQresultStatus", "PQclear"):
        getattr(pq, name).argtypes = [ctypes.c_void_p]
    pq.PQexec.argtypes = [ctypes.c_void_p, ctypes.c_char_p]
    return pq


def answers(url):
    pq = library()
    connection = pq.PQconnectdb(f"{url}?connect_timeout=2".encode())
    try:
        return pq.PQstatus(connection) == CONNECTION_OK
    finally:
        pq.PQfinish(connection)


def execute(url, statements, origin):
    """Runs the statements as one; `origin` names them in the complaint."""
    pq = library()
    connection = pq.PQconnectdb(url.encode())
    try:
        result = pq.PQexec(connection, statements.encode())
        if pq.PQresultStatus(result) not in (COMMAND_OK, TUPLES_OK):
            raise Problem(f"{origin}: {pq.PQerrorMessage(connection).decode().strip()}")
        pq.PQclear(result)
    finally:
        pq.PQfinish(connection)
