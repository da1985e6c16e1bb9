-- an IN with a correlated subquery is used as a value
select id, k in (select k from u where u.y > t.x) as f from t;
-- tied to the outer rows by more than equal columns
select id from t where x > (select avg(y) from u where u.k > t.k);
-- count equal rows
select k from t intersect all select k from u;
-- types of `k`
select k from t except select v from u;
-- it reads itself
with recursive r(i) as (select 1 union all select i+1 from r where i < 5) select i, n.w from r left join n on
    n.k = i;
-- by its position
select k, v, count(*) as n from t group by rollup (1, 2);
-- has all keys
select k, v, count(*) from t group by grouping sets ((k), (v));
-- ANY or ALL with a subquery stands below OR
select id from t where x > any (select y from u) or id = 1;
-- it reads no table
select 1 as one, 'x' as c;
-- GROUP stands in a correlated subquery
select id from t where exists (select k from u where u.k = t.k group by k having count(*) > 1);
-- LATERAL
select t.id, l.y from t, lateral (select max(y) y from u where u.k = t.k) l;
-- SAMPLE of a table
select id from t tablesample 100%;
-- may be a column or an item
select abs(x) as x from t order by x + 1;
-- in FROM has no node
select t.id, u2.y from t left join (u u2 join n on u2.k=n.k) on t.k = u2.k;
