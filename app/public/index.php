<?php

declare(strict_types=1);

// Errors go to the log, never to the visitor.
ini_set('display_errors', '0');
ini_set('log_errors', '1');
header_remove('X-Powered-By');

spl_autoload_register(static function (string $class): void {
    $prefix = 'Site\\';
    if (str_starts_with($class, $prefix)) {
        require __DIR__ . '/../src/' . strtr(substr($class, strlen($prefix)), '\\', '/') . '.php';
    }
});

$request = Site\Request::current();
try {
    $config = Site\Config::fromEnvironment($request->header('X-Waited-For-Primary') !== null);
    $response = new Site\Application($config)->handle($request);
} catch (Throwable $error) {
    // The message only: a trace could carry what somebody typed.
    $where = "{$error->getFile()}:{$error->getLine()}";
    error_log(sprintf('%s: %s at %s, request %s', $error::class, $error->getMessage(), $where, $request->header('X-Request-ID') ?? '-'));
    $response = Site\ErrorPage::response($request, 500);
}
$response->send();
