<?php
// Answers a load balancer's question: can this machine make a page? Through Nginx and PHP-FPM the question has come when
// this runs; what is left is a database to read from. Never the primary: without one the site can still be read.
header('Content-Type: text/plain');
header('Cache-Control: no-store');
// About to stop or out of balancing, see machine-drain and haproxy-leave: 404 is taken for "nothing new, please". Nginx, where
// it is on the same machine, says so by itself. "@": open_basedir allows a file only while it is there, and would warn each time.
foreach (['/run/machine-draining', '/run/haproxy-stopping', '/var/lib/machine/drained'] as $reason) {
    if (@file_exists($reason)) {
        http_response_code(404);
        exit;
    }
}
try {
    $database = new PDO(
        sprintf('mysql:host=%s;port=%s', getenv('DATABASE_READ_HOST'), getenv('DATABASE_READ_PORT')),
        getenv('DATABASE_USER'),
        getenv('DATABASE_PASSWORD'),
        [
            PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
            PDO::ATTR_TIMEOUT => 1,
            PDO::MYSQL_ATTR_SSL_CA => getenv('DATABASE_CA'),
            PDO::MYSQL_ATTR_SSL_VERIFY_SERVER_CERT => true,
        ]
    );
    echo 'healthy, reads from ', $database->query('SELECT @@hostname')->fetchColumn(), "\n";
} catch (PDOException $problem) {
    http_response_code(503);
    echo 'no database to read from: ', $problem->getMessage(), "\n";
}
