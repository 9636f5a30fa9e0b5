// A bare echo. A buffer goes back as it came, transferred.
onmessage = ({ data }) => postMessage(data, data instanceof ArrayBuffer ? [data] : []);
