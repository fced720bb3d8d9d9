<?php

declare(strict_types=1);

namespace Site;

use Pdo\Mysql;
use PDO;
use PDOException;

/**
 * The two ways to the data: read from any database server, write to the primary.
 *
 * Servers die and roles move while a request runs, so nothing here trusts a connection: time-outs are short, reads go on
 * to the next server, writes are repeated for a bounded time. Repeating is safe only for work that can't take effect
 * twice; see Guestbook::add().
 */
final class Database
{
    /**
     * Seconds to wait for a connection and for an answer. For an answer the driver would wait a day: a server that lost
     * its power never says so.
     */
    private const array QUICK = ['connect' => 1, 'answer' => 2];
    private const array PATIENT = ['connect' => 2, 'answer' => 3];

    /** Seconds after which a read is tried at no further server: a load balancer asks another web server when this one says 503. */
    private const float READ_PATIENCE = 2.5;

    /** Between two tries of a write. */
    private const int PAUSE_MICROSECONDS = 100_000;

    /** Errors that say "not here, not now" rather than "this statement is wrong". */
    private const array TRANSIENT_ERRORS = [
        2002, 2003, 2006, 2013, 2055, // no connection, or it broke
        1040, 1053, 1129, 1152, 1158, 1159, 1160, 1161, 3032, 3168, 4031, // the server turns clients away or shuts down
        1290, 1792, 1836, 3100, 3101, // it is read-only, or its group refused the transaction: not the primary any more
        1205, 1213, 1317, // lock wait, deadlock, statement interrupted
    ];

    /** @var array<string, PDO> by the endpoint's name */
    private array $connections = [];

    /** @var array<string, string> host names of the servers we are connected to, by the endpoint's name */
    private array $servers = [];

    /** What the latest read() failed with: whatever else this request would like to read isn't worth as long again. */
    private ?DatabaseUnavailable $unavailable = null;

    /** Host name of the server that answered the latest read(). */
    public private(set) ?string $readFrom = null;

    public function __construct(private readonly Config $config)
    {
    }

    /**
     * Runs work that only reads, on any server; on the primary when no read server answers. Asks nobody further after 2.5 seconds.
     *
     * @template T
     * @param callable(PDO): T $work
     * @return T
     * @throws DatabaseUnavailable when no server answers
     */
    public function read(callable $work): mixed
    {
        if ($this->unavailable) {
            throw $this->unavailable;
        }
        $deadline = microtime(true) + self::READ_PATIENCE;
        // The read endpoint twice: a server may have died under our hands, the next connection gets another one.
        foreach ([$this->config->read, $this->config->read, $this->config->write] as $endpoint) {
            try {
                return $this->readAt($endpoint, $work);
            } catch (PDOException $error) {
                // Whatever it was: a replica that lags may lack a table that the next server has.
                $this->disconnect($endpoint, $error);
                if (microtime(true) >= $deadline) {
                    break;
                }
            }
        }
        throw $this->unavailable = new DatabaseUnavailable('No database server answers', previous: $error);
    }

    /**
     * Runs work that only reads, on the primary: for what must be newer than a replica may be. Tried once.
     *
     * @template T
     * @param callable(PDO): T $work
     * @return T
     * @throws DatabaseUnavailable when there is no primary
     */
    public function readFromPrimary(callable $work): mixed
    {
        try {
            return $this->readAt($this->config->write, $work);
        } catch (PDOException $error) {
            $this->disconnect($this->config->write, $error);
            throw new DatabaseUnavailable('There is no primary', previous: $error);
        }
    }

    /**
     * Runs work on the primary. It may run several times, so running it twice must do no harm.
     *
     * @template T
     * @param callable(PDO): T $work
     * @return T
     * @throws DatabaseUnavailable when there is no primary for as long as the configuration is patient
     */
    public function write(callable $work): mixed
    {
        $deadline = microtime(true) + $this->config->writePatience;
        while (true) {
            try {
                return $work($this->connect($this->config->write, self::PATIENT));
            } catch (PDOException $error) {
                $this->disconnect($this->config->write, $error);
                if (!self::isTransient($error)) {
                    throw $error;
                }
                if (microtime(true) >= $deadline) {
                    throw new DatabaseUnavailable('There is no primary', previous: $error);
                }
            }
            usleep(self::PAUSE_MICROSECONDS);
        }
    }

    /** Host name of the server that answers reads; null when there is none. */
    public function reader(): ?string
    {
        try {
            $this->readFrom ?? $this->read(static fn (PDO $connection): true => true);
        } catch (DatabaseUnavailable) {
            return null;
        }
        return $this->readFrom;
    }

    /**
     * Host name of the primary; null when there is none. Who hasn't written asks the load balancer, rather than connecting:
     * a page that is only read must neither wait for the primary nor cost it anything.
     */
    public function primary(): ?string
    {
        if (isset($this->connections[$this->config->write->name])) {
            return $this->servers[$this->config->write->name];
        }
        // "@": 503, for none, would be a warning.
        $name = @file_get_contents($this->config->primaryUrl, context: stream_context_create(['http' => ['timeout' => 1]]));
        error_clear_last();
        return $name === false ? null : $name;
    }

    /**
     * @template T
     * @param callable(PDO): T $work
     * @return T
     */
    private function readAt(Endpoint $endpoint, callable $work): mixed
    {
        $result = $work($this->connect($endpoint, self::QUICK));
        $this->readFrom = $this->servers[$endpoint->name];
        return $result;
    }

    /** @param array{connect: int, answer: int} $seconds */
    private function connect(Endpoint $endpoint, array $seconds): PDO
    {
        if (isset($this->connections[$endpoint->name])) {
            return $this->connections[$endpoint->name];
        }
        ini_set('mysqlnd.net_read_timeout', (string) $seconds['answer']);
        $options = [
            PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
            PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
            PDO::ATTR_EMULATE_PREPARES => false,
            PDO::ATTR_TIMEOUT => $seconds['connect'],
            Mysql::ATTR_SSL_CA => $this->config->databaseCa,
            Mysql::ATTR_SSL_VERIFY_SERVER_CERT => true,
        ];
        $source = sprintf(
            'mysql:host=%s;port=%d;dbname=%s;charset=utf8mb4',
            $endpoint->host,
            $endpoint->port,
            $this->config->databaseName,
        );
        // "@": what the driver has to say comes as an exception; its warnings would fill the log while a server is down.
        $connection = @new PDO($source, $this->config->databaseUser, $this->config->databasePassword, $options);
        $this->servers[$endpoint->name] = $connection->query('SELECT @@hostname')->fetchColumn();
        return $this->connections[$endpoint->name] = $connection;
    }

    private function disconnect(Endpoint $endpoint, PDOException $error): void
    {
        unset($this->connections[$endpoint->name]);
        // "No server" is the load balancer's to log; what else goes wrong is ours. Why TLS fails, only a warning says.
        $reason = error_get_last()['message'] ?? '';
        if (!self::isTransient($error) || str_contains($reason, 'SSL')) {
            error_log("Database, {$endpoint->name} endpoint: {$error->getMessage()} $reason");
        }
        error_clear_last();
    }

    private static function isTransient(PDOException $error): bool
    {
        return in_array(self::errorNumber($error), self::TRANSIENT_ERRORS, true);
    }

    public static function errorNumber(PDOException $error): int
    {
        return (int) ($error->errorInfo[1] ?? $error->getCode());
    }
}
