<?php
// One entry. With $entry null: the empty one that script.js fills, by data-slot.
$colour = $entry === null ? '' : self::colour($entry->webServer);
$isOwn ??= false;
?>
<li class="entry<?= $isOwn ? ' own' : '' ?>"<?= $entry === null ? '' : " id=\"entry-{$entry->id}\"" ?>>
  <article>
    <h3 dir="auto" data-slot="name"><?= self::text($entry?->name) ?></h3>
    <p class="message" dir="auto" data-slot="message"><?= self::text($entry?->message) ?></p>
    <p class="stamp">
      <time data-slot="time" datetime="<?= self::text($entry?->createdAt) ?>"><?= self::text($entry?->time()) ?></time>
      <span>written by <b class="machine <?= $colour ?>" data-slot="machine"><?= self::text($entry?->webServer) ?></b></span>
    </p>
  </article>
</li>
