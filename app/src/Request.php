<?php

declare(strict_types=1);

namespace Site;

final readonly class Request
{
    private const int BODY_BYTES = 16_384;

    /** @param array<array-key, mixed> $form the fields of a form that was sent */
    private function __construct(
        public string $method,
        public string $path,
        public array $form,
        /** Address of the client; the load balancer's word, put there by the web server. */
        public string $client,
    ) {
    }

    public static function current(): self
    {
        return new self(
            $_SERVER['REQUEST_METHOD'],
            explode('?', $_SERVER['REQUEST_URI'], 2)[0],
            $_POST,
            $_SERVER['REMOTE_ADDR'],
        );
    }

    public function header(string $name): ?string
    {
        $key = strtoupper(strtr($name, '-', '_'));
        return $_SERVER["HTTP_$key"] ?? $_SERVER[$key] ?? null;
    }

    public function cookie(string $name): ?string
    {
        $value = $_COOKIE[$name] ?? null;
        return is_string($value) ? $value : null;
    }

    public function isApi(): bool
    {
        return str_starts_with($this->path, '/api/');
    }

    /** Media type of the body, without its parameters, in small letters. */
    public function mediaType(): string
    {
        return strtolower(trim(explode(';', $this->header('Content-Type') ?? '', 2)[0]));
    }

    public function isTooLarge(): bool
    {
        return (int) $this->header('Content-Length') > self::BODY_BYTES || strlen($this->body()) > self::BODY_BYTES;
    }

    /** @return array<array-key, mixed>|null null when the body isn't a JSON object */
    public function json(): ?array
    {
        $value = json_decode($this->body(), true, 8);
        return is_array($value) && (!array_is_list($value) || $value === []) ? $value : null;
    }

    /**
     * Whether another site made the visitor's browser send this. Browsers say where a request comes from, by
     * Sec-Fetch-Site or else by Origin; what says neither is no browser (curl, a script), has no visitor's cookie at
     * hand, and is let through. So a form needs no token of its own for this.
     */
    public function isCrossSite(): bool
    {
        $site = $this->header('Sec-Fetch-Site');
        if ($site !== null) {
            return !in_array($site, ['same-origin', 'none'], true);
        }
        $origin = $this->header('Origin');
        if ($origin === null) {
            return false;
        }
        return preg_replace('#^https?://#', '', $origin) !== $this->header('Host');
    }

    private function body(): string
    {
        return (string) file_get_contents('php://input', length: self::BODY_BYTES + 1);
    }
}
