"""A mail server that takes some time for each answer."""

import asyncio
import threading
import time


class SlowMailServer:
    """Accepts all mail. A connection answers its commands one after the other, and waits before each answer."""

    def __init__(self, delay):
        self.delay = delay
        # When each mail was accepted.
        self.accepted = []
        self.connections = 0
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _end(self):
        self._server.close()
        conversations = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in conversations:
            task.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)

    async def _serve(self, reader, writer):
        self.connections += 1
        try:
            await self._answer(writer, "220 localhost")
            while True:
                line = await reader.readline()
                if not line:
                    break
                command = line.split()[0].upper() if line.split() else b""
                if command == b"EHLO":
                    await self._answer(writer, "250-localhost\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8")
                elif command == b"DATA":
                    await self._answer(writer, "354 Go ahead")
                    while await reader.readline() not in (b".\r\n", b""):
                        pass
                    await self._answer(writer, "250 OK")
                    self.accepted.append(time.perf_counter())
                elif command == b"QUIT":
                    await self._answer(writer, "221 Bye")
                    break
                else:
                    await self._answer(writer, "250 OK")
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _answer(self, writer, text):
        await asyncio.sleep(self.delay)
        writer.write((text + "\r\n").encode())
        await writer.drain()
