<?php
$primary = $served['database']['write'];
$reader = $served['database']['read'];
$errors = $form['errors'];
$describe = static fn (string $field): string =>
    isset($errors[$field]) ? " aria-invalid=\"true\" aria-describedby=\"$field-error\"" : '';
// Where the line splits, drawn from left to right and from top to bottom: width, height, path to read, path to write.
$forks = [
    'wide' => [96, 300, 'M0 76h96', 'M0 76h10q13 0 18 12l41 124q5 12 18 12h9'],
    'narrow' => [80, 80, 'M14 0v80', 'M14 0v4q0 8 8 13l24 17q8 6 8 14v32'],
];
?>
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="Which load balancer, web server and databases served this very request, and a guestbook.">
<title>www.foobar.com: <?= self::text($served['webServer']) ?> answered</title>
<link rel="icon" href="/favicon.svg">
<link rel="preload" href="/fonts/atkinson-hyperlegible-next.woff2?v=1" as="font" type="font/woff2" crossorigin>
<link rel="stylesheet" href="<?= self::asset('style.css') ?>">
<script type="module" src="<?= self::asset('script.js') ?>"></script>
</head>
<body>
<a class="skip" href="#guestbook">Skip to the guestbook</a>

<header class="sign">
  <div class="width sign-top">
    <p class="site"><a href="/">www.foobar.com</a></p>
    <p class="visits">Your visit no. <?= $visits ?></p>
  </div>
</header>

<main>
<section aria-labelledby="journey-title">
  <div class="journey-top">
    <div class="width">
    <h1 id="journey-title"><span data-slot="web"><?= self::text($served['webServer']) ?></span> answered you.</h1>
    <p class="lead">Every request to this site takes the next train. This is the line that yours took.</p>
    </div>
  </div>
  <div class="plate width">
    <div class="plate-inner">
    <ol class="line" id="line">
      <li class="stop">
        <span class="tier">You</span>
        <b class="name" data-slot="client"><?= self::text($served['client']) ?></b>
        <span class="duty">your browser</span>
      </li>
      <li class="stop">
        <span class="tier">Load balancer</span>
        <b class="name" data-slot="loadBalancer"><?= self::text($served['loadBalancer'] ?? 'none') ?></b>
        <span class="duty">ends TLS, picks a web server</span>
      </li>
      <li class="stop">
        <span class="tier">Web server</span>
        <b class="name machine <?= self::colour($served['webServer']) ?>" data-slot="webServer"><?= self::text($served['webServer']) ?></b>
        <span class="duty" data-slot="webServerDuty"><?= $served['applicationServer'] === $served['webServer'] ? 'Nginx and PHP' : 'Nginx; PHP on ' . self::text($served['applicationServer']) ?></span>
      </li>
      <li class="fork">
<?php foreach ($forks as $screen => [$width, $height, $read, $write]) : ?>
        <svg class="fork-<?= $screen ?>" viewBox="0 0 <?= "$width $height" ?>" width="<?= $width ?>" height="<?= $height ?>" aria-hidden="true">
          <g class="write"><path class="casing" d="<?= $write ?>"/><path class="track" d="<?= $write ?>"/></g>
          <g class="read"><path class="casing" d="<?= $read ?>"/><path class="track" d="<?= $read ?>"/></g>
          <g class="write over"><path class="casing" d="<?= $write ?>"/><path class="track" d="<?= $write ?>"/></g>
        </svg>
<?php endforeach ?>
        <ul>
          <li class="stop read<?= $reader === null ? ' closed' : '' ?>" data-stop="read">
            <span class="tier">Database, to read</span>
            <b class="name" data-slot="read"><?= self::text($reader ?? 'no database') ?></b>
            <span class="duty" data-slot="readDuty"><?= $reader === null ? 'nothing to read from just now' : 'any server may answer' ?></span>
          </li>
          <li class="stop write<?= $primary === null ? ' closed' : '' ?>" data-stop="write">
            <span class="tier">Database, to write</span>
            <b class="name" data-slot="write"><?= self::text($primary ?? 'no primary') ?></b>
            <span class="duty" data-slot="writeDuty"><?= $primary === null ? 'writing waits until there is one' : 'the primary, one at a time' ?></span>
          </li>
        </ul>
      </li>
    </ol>

    <div class="ask">
      <form action="/" method="get" id="ask">
        <button class="button">Ask again</button>
        <button class="button quiet" type="button" id="ask-ten" hidden>Ask ten times</button>
      </form>
      <div class="answers">
        <p id="tally" role="status">The load balancer deals requests out in turn: ask again, and another machine answers.</p>
        <ol id="tickets" aria-hidden="true"><li class="machine <?= self::colour($served['webServer']) ?>"><?= self::text($served['webServer']) ?></li></ol>
      </div>
    </div>
    </div>
  </div>
</section>

<section class="guestbook width" id="guestbook" aria-labelledby="guestbook-title" tabindex="-1">
  <div class="write-column">
    <h2 id="guestbook-title">Guestbook</h2>
    <p>What you write goes to the primary. What you read may come from any database server.</p>

    <form class="entry-form" id="sign" action="/" method="post" novalidate>
      <input type="hidden" name="token" value="<?= self::text($form['token']) ?>">
      <div class="notice" id="notice" role="status" tabindex="-1"><?php
        if ($form['notice'] === 'invalid') : ?><p class="bad">This is not complete yet: please look at the marked fields.</p><?php
        elseif ($form['notice'] === 'used') : ?><p class="bad">An earlier version of this entry was already saved. Press the button once more if you want to add this one too.</p><?php
        elseif ($form['notice'] === 'unavailable') : ?><p class="bad">There is no primary database just now, so this could not be saved. Your words are still here: please try again in a few seconds.</p><?php
        elseif ($thanks) : ?><p class="good">Thank you. Your entry is saved.</p><?php
        elseif ($primary === null && $messages !== null) : ?><p class="bad">There is no primary database just now. You can read on; a new entry may have to wait a little.</p><?php
        endif ?></div>

      <label for="name">Name</label>
      <input id="name" name="name" value="<?= self::text($form['name']) ?>" maxlength="<?= Site\Entry::NAME_LENGTH ?>" autocomplete="nickname" required<?= $describe('name') ?>>
      <p class="field-error" id="name-error"><?= self::text($errors['name'] ?? '') ?></p>

      <label for="message">Message</label>
      <textarea id="message" name="message" rows="4" maxlength="<?= Site\Entry::MESSAGE_LENGTH ?>" dir="auto" required<?= $describe('message') ?>>
<?= self::text($form['message']) ?></textarea>
      <p class="field-error" id="message-error"><?= self::text($errors['message'] ?? '') ?></p>

      <button class="button">Sign the guestbook</button>
    </form>
  </div>

  <div class="read-column">
    <?php if ($messages === null) : ?>
    <p class="notice"><span class="bad">No database server answers just now, so there is nothing to read. Please come back in a moment.</span></p>
    <?php endif ?>
    <ol class="entries" id="entries" aria-label="Entries, newest first"><?php
      foreach ($messages ?? [] as $message) {
          echo self::render('entry', ['entry' => $message, 'isOwn' => $message->id === $ownEntry]);
      }
    ?></ol>
    <?php if ($messages === []) : ?><p class="empty" id="empty">Nobody has signed yet. You could be the first.</p><?php endif ?>
    <template id="entry-template"><?= self::render('entry', ['entry' => null]) ?></template>
  </div>
</section>
</main>

<footer class="width">
  <p>The same in JSON: <a href="/api/request">this request</a>, <a href="/api/messages">the messages</a>, <a href="/api/session">your session</a>.</p>
</footer>
</body>
</html>
