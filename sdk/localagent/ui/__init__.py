"""Terminal components: who offers them."""
