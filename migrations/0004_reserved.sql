-- Keeps the number; replaced when branches meet.
select 1;
