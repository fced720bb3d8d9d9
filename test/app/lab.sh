#!/bin/sh
# Runs in a container of the machine image: two databases ("web-1" the primary, "web-2" its replica) and two web servers
# that share one file system. Each process gets the host name of its machine, by a UTS namespace of its own.
set -eu

LAB=/lab
PRIMARY_PORT=3301
REPLICA_PORT=3302

sql() { # MACHINE STATEMENTS
  mysql --no-defaults --socket="$LAB/$1.sock" --user=root --batch --skip-column-names --execute="$2"
}

as_machine() { # MACHINE COMMAND...
  machine=$1
  shift
  # shellcheck disable=SC2016 # expanded by the inner shell
  unshare --uts sh -c 'hostname "$1"; shift; exec "$@"' sh "$machine" "$@"
}

start_database() { # MACHINE PORT
  as_machine "$1" mysqld --no-defaults --daemonize --user=mysql --datadir="$LAB/$1" --port="$2" --socket="$LAB/$1.sock" \
    --pid-file="$LAB/$1.pid" --log-error="$LAB/$1.log" --bind-address=127.0.0.1 --mysqlx=OFF --server-id="$2" \
    --gtid-mode=ON --enforce-gtid-consistency=ON --require-secure-transport=ON --ssl-ca="$LAB/ca.pem" \
    --ssl-cert="$LAB/server.pem" --ssl-key="$LAB/server.key" --performance-schema=OFF --innodb-buffer-pool-size=32M \
    --innodb-flush-log-at-trx-commit=2 --sync-binlog=0 --relay-log-recovery=ON
}

port_of() { # MACHINE
  case $1 in
    web-1) echo "$PRIMARY_PORT" ;;
    web-2) echo "$REPLICA_PORT" ;;
  esac
}

# As when the power goes: nobody says goodbye.
stop_database() { # MACHINE
  kill -9 "$(cat "$LAB/$1.pid")"
  while mysqladmin --no-defaults --socket="$LAB/$1.sock" --user=root status >"$LAB/admin.log" 2>&1; do sleep 0.05; done
  rm -f "$LAB/$1.sock.lock" # names a process that nobody in this container buries
}

start_again() { # MACHINE
  if mysqladmin --no-defaults --socket="$LAB/$1.sock" --user=root status >"$LAB/admin.log" 2>&1; then return; fi
  start_database "$1" "$(port_of "$1")"
}

freeze() { kill -STOP "$(cat "$LAB/$1.pid")"; } # MACHINE
thaw() { kill -CONT "$(cat "$LAB/$1.pid")"; }   # MACHINE

make_certificates() {
  cd "$LAB"
  for authority in ca other-ca; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj "/CN=$authority" \
      -keyout "$authority.key" -out "$authority.pem"
  done
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=database \
    -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE -CA ca.pem -CAkey ca.key \
    -keyout server.key -out server.pem
  chown mysql server.key
  chmod 644 ca.pem other-ca.pem
}

set_up() { # MIGRATION
  make_certificates 2>"$LAB/openssl.log"
  for machine in web-1 web-2; do
    cp -a /var/lib/mysql "$LAB/$machine"
  done
  start_database web-1 "$PRIMARY_PORT" &
  start_database web-2 "$REPLICA_PORT"
  wait
  sql web-1 "CREATE DATABASE application; CREATE USER application IDENTIFIED BY 'application-secret';
    GRANT SELECT, INSERT, UPDATE, DELETE ON application.* TO application;
    CREATE USER replication IDENTIFIED BY 'replication-secret'; GRANT REPLICATION SLAVE ON *.* TO replication"
  sql web-2 "CHANGE REPLICATION SOURCE TO SOURCE_HOST='127.0.0.1', SOURCE_PORT=$PRIMARY_PORT, SOURCE_USER='replication',
    SOURCE_PASSWORD='replication-secret', SOURCE_SSL=1, SOURCE_AUTO_POSITION=1, SOURCE_CONNECT_RETRY=1;
    START REPLICA; SET GLOBAL super_read_only=ON"
  mysql --no-defaults --socket="$LAB/web-1.sock" --user=root application <"$1"
}

# The contract's environment. Its two endpoints are the databases' ports: the load balancer in between is not our matter.
start_web() { # MACHINE PORT [NAME=VALUE...]
  machine=$1
  port=$2
  shift 2
  # shellcheck disable=SC2016 # expanded by the inner shell
  setsid env -i PATH="$PATH" PHP_CLI_SERVER_WORKERS=4 MACHINE_NAME="$machine" SITE_DOMAIN=www.foobar.com \
    SESSION_KEY=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef \
    DATABASE_NAME=application DATABASE_USER=application DATABASE_PASSWORD=application-secret DATABASE_CA="$LAB/ca.pem" \
    DATABASE_WRITE_HOST=127.0.0.1 DATABASE_WRITE_PORT="$PRIMARY_PORT" \
    DATABASE_READ_HOST=127.0.0.1 DATABASE_READ_PORT="$REPLICA_PORT" DATABASE_PRIMARY_URL=http://127.0.0.1:6448/ "$@" \
    setpriv --reuid=www-data --regid=www-data --clear-groups \
    php -d display_errors=1 -S "0.0.0.0:$port" -t /srv/www/public >"$LAB/php-$port.log" 2>&1 </dev/null &
}

# Deals requests out in turn to the web servers at the given ports, as lb-1 does; TLS is not our matter either.
start_load_balancer() { # PORT WEB-PORT...
  port=$1
  shift
  {
    printf 'defaults\n  mode http\n  timeout connect 1s\n  timeout client 30s\n  timeout server 30s\n'
    printf 'listen site\n  bind :%s\n  http-request set-header X-Load-Balancer lb-1\n  balance roundrobin\n' "$port"
    for web_port in "$@"; do
      printf '  server web-%s 127.0.0.1:%s\n' "$web_port" "$web_port"
    done
    printf 'backend database-write\n  mode tcp\n  server web-1 127.0.0.1:%s check inter 100ms fall 1 rise 1\n' "$PRIMARY_PORT"
    printf 'frontend primary\n  bind 127.0.0.1:6448\n  http-request return status 200 content-type text/plain string web-1'
    printf ' if { srv_is_up(database-write/web-1) }\n  http-request return status 503\n'
  } >"$LAB/haproxy.cfg"
  haproxy -D -f "$LAB/haproxy.cfg"
}

"$@"
