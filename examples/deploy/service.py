"""A service that reads digits: the body of a POST is a picture, the answer is what it says.

uvicorn service:app
curl --data-binary @photo.jpg http://127.0.0.1:8000/read
"""

import asyncio
from typing import Any

from fastapi import FastAPI, HTTPException, Request

import mnistkit

MOST_BYTES = 10_000_000
app = FastAPI(title="Handwritten digits")
one_at_a_time = asyncio.Lock()  # a picture is read by all cores, and memory stays bounded


@app.post("/read")
async def read(request: Request) -> dict[str, Any]:
    """Read the digits in a picture."""
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > MOST_BYTES:
            message = f"The picture has more than {MOST_BYTES:,} bytes."
            raise HTTPException(413, message, {"Connection": "close"})  # the rest is not received
    try:
        async with one_at_a_time:
            reading = await asyncio.to_thread(mnistkit.recognize, bytes(content))
    except mnistkit.errors.PictureError as error:
        raise HTTPException(415, str(error)) from error
    return reading.to_dict()
