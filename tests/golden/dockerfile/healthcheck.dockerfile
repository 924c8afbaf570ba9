FROM alpine
HEALTHCHECK NONE
HEALTHCHECK --interval=1m30s --timeout=500ms --start-period=0s --start-interval=5s --retries=3 CMD curl -f localhost || exit 1
HEALTHCHECK cmd ["a", "b"]
HEALTHCHECK --ignored=1 none
