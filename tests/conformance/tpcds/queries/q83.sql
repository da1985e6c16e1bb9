-- Two columns of one name, and one that repeats under another.
select i.i_item_sk, i.i_brand, n.i_brand, i.i_brand as brand_again
from item i join item n on n.i_item_sk = i.i_item_sk + 1
where i.i_item_sk < 30
order by i.i_item_sk
