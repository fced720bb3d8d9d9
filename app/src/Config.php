<?php

declare(strict_types=1);

namespace Site;

/** What the machine tells the application through environment variables (set by the PHP-FPM pool). */
final readonly class Config
{
    private function __construct(
        /** Name of the machine that runs this process, such as `web-1`. */
        public string $machine,
        public string $sessionKey,
        public string $databaseName,
        public string $databaseUser,
        public string $databasePassword,
        /** Path of the certificate authority that signed the database servers' certificates. */
        public string $databaseCa,
        public Endpoint $read,
        public Endpoint $write,
        /** Answers with the name of the machine whose database is the primary, or with status 503. */
        public string $primaryUrl,
        /** For how many seconds a write is tried again while there is no primary. */
        public float $writePatience,
    ) {
    }

    /**
     * @param bool $waited the load balancer has waited for a primary already: a write is tried once
     * @throws \RuntimeException when a variable is missing
     */
    public static function fromEnvironment(bool $waited = false): self
    {
        $sessionKey = self::get('SESSION_KEY');
        if (strlen($sessionKey) < 32) {
            throw new \RuntimeException('SESSION_KEY is too short: 64 hexadecimal digits are expected');
        }
        return new self(
            self::get('MACHINE_NAME'),
            $sessionKey,
            self::get('DATABASE_NAME'),
            self::get('DATABASE_USER'),
            self::get('DATABASE_PASSWORD'),
            self::get('DATABASE_CA'),
            new Endpoint('read', self::get('DATABASE_READ_HOST'), (int) self::get('DATABASE_READ_PORT')),
            new Endpoint('write', self::get('DATABASE_WRITE_HOST'), (int) self::get('DATABASE_WRITE_PORT')),
            self::get('DATABASE_PRIMARY_URL'),
            $waited ? 0.0 : (float) (getenv('DATABASE_WRITE_PATIENCE') ?: 8),
        );
    }

    private static function get(string $name): string
    {
        $value = getenv($name);
        if ($value === false || $value === '') {
            throw new \RuntimeException("The environment variable $name is not set");
        }
        return $value;
    }
}
