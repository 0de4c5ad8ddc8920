#!/bin/sh
# Serves the page. The engine wrote its name server into resolv.conf; nginx asks it where the API is.
set -eu
awk '$1 == "nameserver" && $2 !~ /:/ { print "resolver", $2, "valid=5s ipv6=off;"; exit }' /etc/resolv.conf > /tmp/resolver.conf
exec nginx -p /etc/scrawl -c /etc/scrawl/nginx.conf -g "daemon off;"
