<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title><?= self::text($title) ?> · www.foobar.com</title>
<link rel="icon" href="/favicon.svg">
<link rel="stylesheet" href="<?= self::asset('style.css') ?>">
</head>
<body>
<header class="sign">
  <div class="width sign-top">
    <p class="site"><a href="/">www.foobar.com</a></p>
    <p class="visits">Error <?= $status ?></p>
  </div>
</header>
<main class="width terminus">
  <h1><?= self::text($title) ?></h1>
  <p><?= self::text($sentence) ?></p>
  <p><a class="button" href="/">Back to the first stop</a></p>
</main>
</body>
</html>
