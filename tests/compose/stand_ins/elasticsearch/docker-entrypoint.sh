#!/bin/bash
# What the image's entry point does for our compose file: its own start word, or another command as it is.
set -e
umask 0002
if [[ "$1" != "eswrapper" ]]; then
  exec "$@"
fi
exec /usr/share/elasticsearch/bin/elasticsearch
