-- Profit and loss of every channel with totals: ROLLUP over a union.
with shop as (
    select 'store channel' as channel, 'store' || s_store_id as id, sum(ss_ext_sales_price) as sales, sum(ss_net_profit) as profit
    from store_sales, store where ss_store_sk = s_store_sk group by s_store_id
), web as (
    select 'web channel' as channel, 'web_site' || web_name as id, sum(ws_ext_sales_price) as sales, sum(ws_net_profit) as profit
    from web_sales, web_site where ws_web_site_sk = web_site_sk group by web_name
)
select channel, id, sum(sales) as sales, sum(profit) as profit
from (select * from shop union all select * from web) x
group by rollup (channel, id)
order by channel, id
