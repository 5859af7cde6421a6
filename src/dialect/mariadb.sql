{# MariaDB. #}

{% set parser = "mysql" %}
{% set like = "mysql" %}
{% set dispatch = ["mariadb"] %}
