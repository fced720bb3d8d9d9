<?php

declare(strict_types=1);

namespace Site;

/** A local port of the machine behind which the load balancer puts a fitting database server. */
final readonly class Endpoint
{
    public function __construct(public string $name, public string $host, public int $port)
    {
    }
}
