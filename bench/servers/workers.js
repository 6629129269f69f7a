'use strict';
/* The echo server in several threads that share one port: the kernel distributes connections. */
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');

const echo = require('./echo.js');

/** Starts a thread; resolves with the port that it listens on. */
function startWorker(data) {
  const worker = new Worker(__filename, { workerData: data });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

if (isMainThread) {
  exports.net = (net, { workers, module }) => {
    let port;
    return {
      address: () => ({ port }),
      async listen(endpoint, listening) {
        port = endpoint.port;
        // The first one chooses the port.
        for (let i = 0; i < workers; i += 1) {
          port = await startWorker({ module, endpoint: { ...endpoint, port, reusePort: true } });
        }
        listening();
      },
    };
  };
} else {
  import(workerData.module).then((imported) => {
    const server = echo.net(imported.default ?? imported);
    server.listen(workerData.endpoint, () => parentPort.postMessage(server.address().port));
  });
}
