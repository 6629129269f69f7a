/** The content type of the text, for the response to Prometheus. */
export const metricsContentType = 'application/openmetrics-text; version=1.0.0; charset=utf-8';
