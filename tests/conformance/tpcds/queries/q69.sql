-- A NATURAL join of subqueries by their two common names.
select brand, class, n, dear
from (select i_brand as brand, i_class as class, count(*) as n from item group by i_brand, i_class) a
     natural join (select i_brand as brand, i_class as class, max(i_current_price) as dear from item where i_color = 'red' group by i_brand, i_class) b
order by brand, class
