<?php

declare(strict_types=1);

namespace Site;

/** The token of an entry belongs to another, stored one. */
final class TokenUsed extends \RuntimeException
{
    public function __construct(public readonly Message $stored)
    {
        parent::__construct('The token was used for another message');
    }
}
