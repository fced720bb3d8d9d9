<?php

declare(strict_types=1);

namespace Site;

/** No database server that could do the work answered; asking again later may help. */
final class DatabaseUnavailable extends \RuntimeException
{
}
